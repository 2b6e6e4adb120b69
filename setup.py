# Copyright 2026 The ld_agent authors
#
# Licensed under the Apache License, Version 2.0 (the "License");
# you may not use this file except in compliance with the License.
# You may obtain a copy of the License at
#
#     http://www.apache.org/licenses/LICENSE-2.0
#
# Unless required by applicable law or agreed to in writing, software
# distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied.
# See the License for the specific language governing permissions and
# limitations under the License.
"""The package: two import packages, the nodes as executables, data in the share folder."""

from glob import glob
import os
from pathlib import Path
import re

from setuptools import find_packages, setup

NAME = 'ld_agent'
VERSION = re.search(
    r"__version__ = '(.+)'", Path('ld_agent/__init__.py').read_text(encoding='utf-8')
).group(1)
NODES = (
    'simulator', 'decision', 'emergency', 'recorder', 'visualiser', 'vessels', 'driver',
    'perception', 'playback', 'panel',
)  # fmt: skip


def shared(*folders):
    """Return the files of these folders as data_files below the package's share."""
    return [
        (
            os.path.join('share', NAME, folder),
            [f for f in glob(f'{folder}/*') if os.path.isfile(f)],
        )
        for folder in folders
    ]


setup(
    name=NAME,
    version=VERSION,
    description='Logic Distillation for ROS 2: a small language model decides by functions',
    license='Apache-2.0',
    maintainer='The ld_agent authors',
    maintainer_email='ld-agent@example.org',
    python_requires='>=3.10',
    packages=[*find_packages(include=[NAME, f'{NAME}.*']), 'ld_agent_sim'],
    package_dir={'ld_agent_sim': 'sim'},
    package_data={
        NAME: [
            'probe_cases.jsonl',
            'adapters/*/*',
            'adapters/*/*/*',
            'sentences/*.yaml',
            'training/vocabulary/*.yaml',
            'training/rewordings/*.yaml',
        ]
    },
    data_files=[
        ('share/ament_index/resource_index/packages', [f'resource/{NAME}']),
        (f'share/{NAME}', ['package.xml']),
        *shared(
            'launch',
            'config',
            'config/scenarios',
            'config/schema',
            'config/students',
            'function_base',
            *sorted(os.path.dirname(task) for task in glob('function_base/*/task.yaml')),
        ),
    ],
    install_requires=[
        'setuptools',
        'packaging',
        'numpy',
        'scipy',
        'pydantic>=2',
        'pyyaml',
        'typer',
        'rich',
        'shapely>=2',
        'matplotlib',
        'rosbags>=0.10',
        'onnx>=1.17',
        'onnxruntime>=1.22',
        'gguf',
        'tokenizers>=0.20',
        'safetensors',
        # Option names changed between releases.
        'pydantic-monty==1.4.*',
        'pyseccomp; sys_platform == "linux"',
        'llguidance>=1.0',
    ],
    extras_require={
        'ros': [
            'ros-rclpy',
            'ros-std-msgs',
            'ros-geometry-msgs',
            'ros-nav-msgs',
            'ros-visualization-msgs',
            'ros-diagnostic-msgs',
            'ros-std-srvs',
            'ros-rosgraph-msgs',
            'ros-rcl-lifecycle',
            'ros-rmw-fastrtps-cpp',
        ],
        # optimum-onnx admits transformers up to 4.57; torch is pinned to what was measured.
        'train': ['torch==2.13.0', 'transformers>=4.57,<4.58', 'peft>=0.17', 'optimum-onnx>=0.1'],
        'gpu': ['onnxruntime-gpu'],
        'large': ['openai>=1.60', 'tenacity>=8.2'],
        'cluster': ['ray>=2.9'],
        'retriever': ['faiss-cpu>=1.8'],
        # The foreign functions come from bfcl-eval, installed with --no-deps: its own pins
        # (numpy 1.26, faiss-cpu 1.11) collide with these, and only its data is read.
        'bench': ['bm25s>=0.2'],
        'parquet': ['pyarrow>=14'],
        'panel': ['nicegui>=3'],
        'gym': ['pettingzoo>=1.24', 'gymnasium'],
        'test': [
            # pytest-xdist 3.8 sees no groups of tests under 9.2.
            'pytest<9.2',
            'pytest-timeout',
            'pytest-xdist',
            'hypothesis',
            'openai>=1.60',
            'faiss-cpu>=1.8',
            'tenacity>=8.2',
            'pyarrow>=14',
            'mcap>=1.1',
            'mcap-ros2-support>=0.5',
            'pettingzoo>=1.24',
            'gymnasium',
            'nicegui>=3',
            # Drives the chromium of the machine; brings no browser.
            'playwright',
            'ruff',
            'mypy',
            'types-PyYAML',
        ],
    },
    entry_points={
        'console_scripts': [
            'ld-agent = ld_agent.cli:main',
            *(f'{node} = ld_agent.nodes.{node}:main' for node in NODES),
        ]
    },
    zip_safe=False,
)

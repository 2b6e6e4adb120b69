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
"""The parameters of each node, declared once: defaults, descriptors and checks follow."""

from __future__ import annotations

from typing import Any, Literal, TypeVar

from ld_agent.errors import LdAgentError
from ld_agent.methods import NAMES
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from rcl_interfaces.msg import FloatingPointRange, IntegerRange, ParameterDescriptor
from rclpy.node import Node

Kind = Literal['surface_vessel', 'differential_drive']


class Parameters(BaseModel):
    """Base of the parameter models; an unknown value is refused with one sentence."""

    model_config = ConfigDict(frozen=True, extra='forbid')


class SimulatorParameters(Parameters):
    """Parameters of the simulator."""

    task: str = Field('pursuit', description='task whose world runs')
    method: str = Field('ld', description='method named in the results')
    episodes: int = Field(20, ge=1, le=1_000_000, description='episodes to play')
    seed: int = Field(0, ge=0, le=2**31 - 1, description='seed of the first episode')
    evader: str = Field('flee', description='policy of the evader, or of the opponent')
    board: str = Field('20x20', description='WIDTHxHEIGHT in cells, where no scenario sets it')
    moves: Literal['exact', 'up_to'] = Field(
        'exact', description='pursuers move by exactly two units, or by up to two'
    )
    scenario: str = Field('', description='name in config/scenarios, or path of a YAML file')
    model: str = Field('smollm2', description='model of the llm evader or opponent')
    deadline: float = Field(2.0, gt=0.0, le=600.0, description='seconds to wait for a decision')
    emergency_timeout: float = Field(
        2.0, ge=0.0, le=600.0,
        description='seconds that a state waits for the function of an emergency, in lock-step',
    )  # fmt: skip
    start_timeout: float = Field(
        180.0, gt=0.0, le=3600.0, description='seconds to wait for a decision node at the start'
    )
    wait_for: str = Field(
        '', description='nodes that must listen before the first episode, beside a decision node'
    )
    rate: float = Field(
        0.0, ge=0.0, le=1000.0, description='steps a second; 0 is lock-step, as fast as decided'
    )
    step_seconds: float = Field(1.0, gt=0.0, le=3600.0, description='simulated time of a step, s')
    resolution: float = Field(1.0, gt=0.0, le=1000.0, description='edge of a cell, m')
    frame_id: str = Field('map', description='frame of everything spatial')
    exit_when_done: bool = Field(True, description='end the process after the last episode')


class DecisionParameters(Parameters):
    """Parameters of the decision node."""

    task: str = Field('pursuit', description='task to decide')
    method: str = Field('ld', description=f'one of {NAMES}')
    model: str = Field('smollm2', description='smollm2, a folder, a .gguf, or a Hugging Face id')
    adapter: str = Field('default', description='default for the shipped one, or its folder')
    provider: Literal['auto', 'cpu', 'cuda'] = Field('auto', description='where the model runs')
    function_base: str = Field(
        '', description='folder of the function base; empty: the shipped one'
    )
    guard: Literal['on', 'count'] = Field(
        'on', description='on: replace an illegal move; count: let it out as a violation'
    )
    abstain_below: float = Field(
        0.0, ge=0.0, le=100.0,
        description='least margin of a selection, nats; below it the guard gives the moves',
    )  # fmt: skip
    seed: int = Field(0, ge=0, le=2**31 - 1, description='seed of the method random')
    retriever: Literal['none', 'dpr'] = Field(
        'none', description='none: the model sees all functions of a stage; dpr: what is retrieved'
    )
    top_k: int = Field(5, ge=1, le=1000, description='functions that dpr retrieves')
    wait_for: str = Field(
        '', description='nodes that must have joined before the first state is heard'
    )
    autostart: bool = Field(True, description='configure and activate without being told')


class EmergencyParameters(Parameters):
    """Parameters of the emergency node."""

    task: str = Field('pursuit', description='task whose filter stage gets the functions')
    function_base: str = Field(
        '', description='folder of the function base; empty: the shipped one'
    )
    sentences: bool = Field(True, description='understand sentences, by a student of its own')
    model: str = Field('smollm2', description='student that writes the function of a sentence')
    adapter: str = Field('default', description='default for the shipped one, or its folder')
    provider: Literal['auto', 'cpu', 'cuda'] = Field('auto', description='where it runs')


class RecorderParameters(Parameters):
    """Parameters of the recorder."""

    path: str = Field('bags/pursuit', description='folder of the bag, which must not exist')
    numbered: bool = Field(
        False, description='if path exists, record into the first free one of path_1, path_2, ...'
    )
    storage: Literal['mcap', 'sqlite3'] = Field('mcap', description='storage of the bag')
    flush_seconds: float = Field(0.1, gt=0.0, le=10.0, description='time between writes, s')


class VisualiserParameters(Parameters):
    """Parameters of the visualiser."""

    task: str = Field('pursuit', description='task whose filter stage says what is closed')
    function_base: str = Field(
        '', description='folder of the function base; empty: the shipped one'
    )
    trail: int = Field(30, ge=0, le=1000, description='cells of trail behind each pursuer')
    wait_for: str = Field(
        '', description='nodes that must listen to `markers` before the first state is heard'
    )


class PanelParameters(Parameters):
    """Parameters of the web panel."""

    task: str = Field('pursuit', description='task whose functions are shown')
    world: Literal['simulator', 'vessels'] = Field(
        'simulator', description='who is steered: simulator has pause, step, resume; vessels stop'
    )
    function_base: str = Field(
        '', description='folder of the function base; empty: the shipped one'
    )
    host: str = Field(
        '127.0.0.1', description='address to listen at; bound elsewhere, a token is needed to act'
    )
    port: int = Field(8765, ge=1, le=65535, description='port to listen at')
    token: str = Field(
        '', description='who shows it may act; empty: LD_AGENT_PANEL_TOKEN, or one is made'
    )


class VesselsParameters(Parameters):
    """Parameters of the sea of vessels."""

    kind: Kind = Field('surface_vessel', description='what the vessels are')
    episodes: int = Field(3, ge=1, le=1_000_000, description='episodes to play')
    seed: int = Field(0, ge=0, le=2**31 - 1, description='seed of the first episode')
    evader: Literal['random', 'flee', 'adversary'] = Field(
        'flee', description='policy of the target'
    )
    board: str = Field('20x20', description='WIDTHxHEIGHT in cells, where no scenario sets it')
    scenario: str = Field('', description='name in config/scenarios, or path of a YAML file')
    resolution: float = Field(
        0.0, ge=0.0, le=1000.0, description='edge of a cell, m; 0: what the kind needs'
    )
    speed: float = Field(5.0, gt=0.0, le=100.0, description='simulated seconds a second')
    cmd_timeout: float = Field(
        0.5, gt=0.0, le=60.0, description='seconds without cmd_vel after which a vessel holds'
    )
    patience: float = Field(
        60.0, gt=0.0, le=3600.0,
        description='simulated seconds without motion after which the target moves anyway',
    )  # fmt: skip
    frame_id: str = Field('map', description='frame of everything spatial')
    exit_when_done: bool = Field(True, description='end the process after the last episode')


class DriverParameters(Parameters):
    """Parameters of the driver."""

    kind: Kind = Field('surface_vessel', description='what is driven: its size and limits')
    driver: Literal['direct', 'nav2'] = Field(
        'direct', description='direct: cmd_vel of each vessel; nav2: goal_pose of each vessel'
    )
    task: str = Field('pursuit', description='task whose filter stage says what is closed')
    function_base: str = Field(
        '', description='folder of the function base; empty: the shipped one'
    )
    deadline: float = Field(
        1.0, gt=0.0, le=60.0, description='seconds without fresh moves after which vessels hold'
    )
    timeout: float = Field(800.0, gt=0.0, le=3600.0, description='simulated seconds for one move')


class PerceptionParameters(Parameters):
    """Parameters of the perception."""

    kind: Kind = Field('surface_vessel', description='what the vessels are')
    method: str = Field('ld', description='method named in the results')
    seed: int = Field(0, ge=0, le=2**31 - 1, description='seed of the first episode')
    evader: str = Field('flee', description='policy of the target named in the results')
    scenario: str = Field('', description='scenario named in the results')
    deadline: float = Field(2.0, gt=0.0, le=600.0, description='seconds to wait for a decision')
    still: float = Field(
        1.0, gt=0.0, le=60.0, description='simulated seconds of rest before a step begins'
    )
    sailing: float = Field(
        900.0, gt=0.0, le=3600.0, description="simulated seconds for the pursuers' moves"
    )
    target: float = Field(
        90.0, gt=0.0, le=3600.0, description="simulated seconds for the target's turn"
    )
    stuck: float = Field(
        30.0, gt=0.0, le=3600.0,
        description='simulated seconds of rest elsewhere than sent before the step goes on',
    )  # fmt: skip
    wait_for: str = Field(
        '', description='nodes that must listen before the first step, beside decision and driver'
    )
    start_timeout: float = Field(180.0, gt=0.0, le=3600.0, description='seconds to wait for them')


NODE_PARAMETERS: dict[str, type[Parameters]] = {
    'simulator': SimulatorParameters,
    'decision': DecisionParameters,
    'emergency': EmergencyParameters,
    'recorder': RecorderParameters,
    'visualiser': VisualiserParameters,
    'panel': PanelParameters,
    'vessels': VesselsParameters,
    'driver': DriverParameters,
    'perception': PerceptionParameters,
}

P = TypeVar('P', bound=Parameters)


def declare(node: Node, model: type[P]) -> P:
    """Declare the model's parameters on `node` and return their checked values.

    Raises:
        LdAgentError: a value has the wrong type or is out of range; says which and what fits.
    """
    values: dict[str, Any] = {}
    for name, field in model.model_fields.items():
        try:
            parameter = node.declare_parameter(name, field.default, _descriptor(field))
        except Exception as error:
            raise LdAgentError(
                f'parameter {name!r} of node {node.get_name()!r}: {error}'
            ) from None
        values[name] = parameter.value
    return check(node.get_name(), model, values)


def check(node: str, model: type[P], values: dict[str, Any]) -> P:
    """Return checked values of the parameters of `node`; what is not given has its default.

    Raises:
        LdAgentError: a value has the wrong type or is out of range; says which and what fits.
    """
    try:
        return model(**values)
    except ValidationError as error:
        first = error.errors()[0]
        name = first['loc'][0]
        raise LdAgentError(
            f'parameter {name!r} of node {node!r} is {values[name]!r}: {first["msg"]}'
        ) from None


def _descriptor(field: Any) -> ParameterDescriptor:
    descriptor = ParameterDescriptor(description=field.description or '', read_only=True)
    bounds = {type(m).__name__: m for m in field.metadata}
    low = getattr(bounds.get('Ge'), 'ge', getattr(bounds.get('Gt'), 'gt', None))
    high = getattr(bounds.get('Le'), 'le', None)
    if low is not None and high is not None:
        if isinstance(field.default, float):
            descriptor.floating_point_range = [
                FloatingPointRange(from_value=float(low), to_value=float(high))
            ]
        else:
            descriptor.integer_range = [IntegerRange(from_value=int(low), to_value=int(high))]
    return descriptor

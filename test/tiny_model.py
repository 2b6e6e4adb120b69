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
"""Tiny models with random weights, written to disk in the formats that users bring."""

from __future__ import annotations

import json
from pathlib import Path

from gguf import GGUFWriter
import numpy as np
from safetensors.numpy import save_file
from tokenizers import decoders, models, pre_tokenizers, Tokenizer, trainers

CONFIG = {
    'model_type': 'llama',
    'hidden_size': 48,
    'intermediate_size': 80,
    'num_hidden_layers': 2,
    'num_attention_heads': 3,
    'num_key_value_heads': 1,
    'vocab_size': 300,
    'max_position_embeddings': 512,
    'rms_norm_eps': 1e-5,
    'rope_theta': 10000.0,
    'hidden_act': 'silu',
    'tie_word_embeddings': True,
}
"""Sizes that are no multiple of a block, and more query heads than key heads."""


def tensors(config: dict, seed: int = 0) -> dict[str, np.ndarray]:
    """Return random weights for a config, by Hugging Face name."""
    rng = np.random.default_rng(seed)
    width, hidden = config['hidden_size'], config['intermediate_size']
    size = width // config['num_attention_heads']
    kv = config['num_key_value_heads'] * size

    def matrix(rows: int, columns: int) -> np.ndarray:
        return (rng.standard_normal((rows, columns)) / np.sqrt(columns)).astype(np.float32)

    found = {
        'model.embed_tokens.weight': matrix(config['vocab_size'], width) * 3,
        'model.norm.weight': 1 + matrix(1, width)[0],
    }
    for number in range(config['num_hidden_layers']):
        at = f'model.layers.{number}'
        for norm in ('input_layernorm', 'post_attention_layernorm'):
            found[f'{at}.{norm}.weight'] = 1 + matrix(1, width)[0]
        for part, rows in (('q', width), ('k', kv), ('v', kv)):
            found[f'{at}.self_attn.{part}_proj.weight'] = matrix(rows, width)
            if config['model_type'] == 'qwen2':
                found[f'{at}.self_attn.{part}_proj.bias'] = matrix(1, rows)[0]
        found[f'{at}.self_attn.o_proj.weight'] = matrix(width, width)
        found[f'{at}.mlp.gate_proj.weight'] = matrix(hidden, width)
        found[f'{at}.mlp.up_proj.weight'] = matrix(hidden, width)
        found[f'{at}.mlp.down_proj.weight'] = matrix(width, hidden)
    if not config['tie_word_embeddings']:
        found['lm_head.weight'] = matrix(config['vocab_size'], width)
    return found


def byte_tokenizer(vocabulary: int) -> Tokenizer:
    """Return a byte-level tokenizer of at most `vocabulary` tokens."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=vocabulary, initial_alphabet=pre_tokenizers.ByteLevel.alphabet()
    )
    tokenizer.train_from_iterator(['the evader is near, the way is blocked'] * 3, trainer)
    return tokenizer


def write_folder(folder: Path, config: dict | None = None, seed: int = 0) -> Path:
    """Write a model in Hugging Face's format."""
    config = CONFIG | (config or {})
    folder.mkdir(parents=True, exist_ok=True)
    (folder / 'config.json').write_text(json.dumps(config), encoding='utf-8')
    save_file(tensors(config, seed), folder / 'model.safetensors')
    byte_tokenizer(config['vocab_size']).save(str(folder / 'tokenizer.json'))
    return folder


def write_adapter(folder: Path, rank: int = 2, seed: int = 0, **config) -> Path:
    """Write a LoRA adapter in PEFT's format for q and down of layer 1 of the tiny model."""
    rng = np.random.default_rng(seed)
    folder.mkdir(parents=True, exist_ok=True)
    at = 'base_model.model.model.layers.1'
    pairs = {}
    for part, rows, columns in (('self_attn.q_proj', 48, 48), ('mlp.down_proj', 48, 80)):
        for side, shape in (('A', (rank, columns)), ('B', (rows, rank))):
            array = (rng.standard_normal(shape) / 8).astype(np.float16)
            pairs[f'{at}.{part}.lora_{side}.weight'] = array
    save_file(pairs, folder / 'adapter_model.safetensors')
    content = {'peft_type': 'LORA', 'r': rank, 'lora_alpha': 8, **config}
    (folder / 'adapter_config.json').write_text(json.dumps(content), encoding='utf-8')
    return folder


def write_gguf(
    path: Path, config: dict | None = None, seed: int = 0, tokenizer: str | None = None
) -> Path:
    """Write the same model as GGUF, q and k in the order that llama.cpp wants."""
    config = CONFIG | (config or {})
    kind, heads = config['model_type'], config['num_attention_heads']
    writer = GGUFWriter(path, kind)
    writer.add_block_count(config['num_hidden_layers'])
    writer.add_context_length(config['max_position_embeddings'])
    writer.add_embedding_length(config['hidden_size'])
    writer.add_feed_forward_length(config['intermediate_size'])
    writer.add_head_count(heads)
    writer.add_head_count_kv(config['num_key_value_heads'])
    writer.add_layer_norm_rms_eps(config['rms_norm_eps'])
    writer.add_rope_freq_base(config['rope_theta'])
    if tokenizer is not None:
        writer.add_tokenizer_model(tokenizer)
    names = {
        'self_attn.q_proj': 'attn_q', 'self_attn.k_proj': 'attn_k', 'self_attn.v_proj': 'attn_v',
        'self_attn.o_proj': 'attn_output', 'mlp.gate_proj': 'ffn_gate', 'mlp.up_proj': 'ffn_up',
        'mlp.down_proj': 'ffn_down', 'input_layernorm': 'attn_norm',
        'post_attention_layernorm': 'ffn_norm', 'model.embed_tokens': 'token_embd',
        'model.norm': 'output_norm', 'lm_head': 'output',
    }  # fmt: skip
    for name, array in tensors(config, seed).items():
        for long, short in (*names.items(), ('model.layers', 'blk')):
            name = name.replace(long, short)
        rotated = heads if '.attn_q.' in name else config['num_key_value_heads']
        if kind == 'llama' and ('.attn_q.' in name or '.attn_k.' in name):
            halves = array.reshape(rotated, 2, -1, *array.shape[1:])
            array = np.ascontiguousarray(halves.swapaxes(1, 2)).reshape(array.shape)
        writer.add_tensor(name, array)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path

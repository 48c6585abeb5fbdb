"""A small model behind llama.cpp's own OpenAI server, in the environment of `make smoke-model`: FILE PORT."""

import sys
import threading

import xllamacpp

setting = xllamacpp.CommonParams()
setting.model.path = sys.argv[1]
setting.hostnames = ["127.0.0.1"]
setting.port = int(sys.argv[2])
setting.n_ctx = 1024
setting.n_parallel = 1
setting.cpuparams.n_threads = 1
setting.warmup = False
server = xllamacpp.Server(setting)
threading.Event().wait()

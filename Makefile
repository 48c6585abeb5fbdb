lint:
	.venv/bin/ruff check . && .venv/bin/mypy && .venv/bin/lint-imports

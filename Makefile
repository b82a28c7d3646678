# Thin names for make.py, which works the same without make (see README, Windows).
PYTHON ?= python3
TORCH ?= torch==2.13.0
ARGS ?=

.PHONY: run test lint bench soundfont lock space

run:  ## set up .venv and start the page on http://127.0.0.1:7860
	@$(PYTHON) make.py run $(ARGS)

test:  ## install what the tests need; lint, types, tests
	@$(PYTHON) make.py test --torch "$(TORCH)" $(ARGS)

lint:  ## style, docstrings, format, dependency rules and types only
	@$(PYTHON) make.py lint

bench:  ## run the benchmarks
	@$(PYTHON) make.py bench $(ARGS)

soundfont:  ## build the Salamander grand piano into the cache
	@$(PYTHON) make.py soundfont $(ARGS)

lock:  ## raise the lock files to the newest versions that the requirements allow
	@$(PYTHON) make.py lock

space:  ## lay out a Hugging Face Space: make space ARGS="--hardware cpu --out ../space"
	@$(PYTHON) make.py space $(ARGS)

# `make pursuit` and `make test` do all that a machine without ROS needs.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

.PHONY: pursuit tables test pin
$(VENV)/.run: setup.py
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade pip
	$(BIN)/python -m pip install --quiet -e '.[ros]'
	touch $@

$(VENV)/.test: $(VENV)/.run
	$(BIN)/python -m pip install --quiet -e '.[ros,test]'
	touch $@

pursuit: $(VENV)/.run
	$(BIN)/ld-agent pursuit --episodes 20 --evader flee --method ld

# ARGS goes to the command, such as ARGS="table1 --processes 4".
tables: $(VENV)/.run
	$(BIN)/ld-agent tables $(ARGS)

test: $(VENV)/.test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	HF_HUB_OFFLINE=1 ROS_AUTOMATIC_DISCOVERY_RANGE=LOCALHOST $(BIN)/python -m pytest -n 2 --dist loadgroup

# Write the hashes of the shipped functions, after reading them.
pin: $(VENV)/.run
	$(BIN)/python -m ld_agent.pin

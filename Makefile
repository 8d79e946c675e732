# Each target is a short command that can also be typed by hand.
PYTHON ?= python3
VENV := .venv
UV := $(VENV)/bin/uv
RUN := $(UV) run --frozen
DEMO := $(if $(CSV),--csv $(CSV)) $(if $(DAYS),--days $(DAYS))
OVERRIDES := $(PYTHON) -c 'import json, sys; print(*(f"{k}={v}" for k, v in json.load(open(sys.argv[1])).items()))'
# parameters of the batch stack that are outputs of the real-time stack, by the same names
SHARED := "join(' ', Stacks[0].Outputs[?contains('RawBucket CsvBucket RawQueue TableName TimeZone Currency AlarmTopicArn AlarmKeyArn', OutputKey)].join('=', [OutputKey, OutputValue]))"

# with it, each process that a test starts compiles all its imports: half of its time
unexport PYTHONDONTWRITEBYTECODE

# workers of `make test`, each with a separate emulator and warehouse
WORKERS ?= 2
PYTEST := $(RUN) --all-groups pytest
BROWSERS := chromium chromium-browser google-chrome
# Debian packages with the programs that tests and benches need on the PATH
TOOLS := chromium default-jre-headless jq

# exit 2 with an instruction unless one of these programs is installed
NEED = for each in $(1); do if command -v $$each > /dev/null; then exit 0; fi; done; \
  echo "$@ needs one of: $(1). Install it and try again; on Debian, as root, 'make test-tools' does"; exit 2

.DEFAULT_GOAL := help
.PHONY: help setup demo dev unit check test test-tools bench screenshots lint zip deploy deploy-dagster clean

help: ## Show the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "%-14s %s\n", $$1, $$2}'

setup: $(VENV)/installed ## Install the project's dependencies into .venv

demo: setup ## The whole pipeline once, from setup to report; CSV=path DAYS=A:B for the real file
	$(RUN) ecom demo $(DEMO)

dev: setup ## The local AWS and Dagster's UI; PORT=, default 3000
	$(RUN) ecom dev $(if $(PORT),--port $(PORT))

unit: setup ## The unit tests, in seconds
	$(RUN) pytest ecom_pipeline_tests/unit

check: lint unit ## Lint and the unit tests, for before each commit

test: setup ## All tests in random order, seed printed; WORKERS=, default 2
	@$(call NEED,$(BROWSERS))
	@$(call NEED,java)
	$(PYTEST) -n$(WORKERS) --dist=loadfile --no-loadscope-reorder

test-tools: ## Install the tests' and benches' programs: Chromium, Java, jq (Debian, as root)
	apt-get update -qq
	DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $(TOOLS)

bench: setup ## All benchmarks, against the original and other tools; CSV=path for the real file
	@$(call NEED,java)
	@$(call NEED,jq)
	$(RUN) python -m bench.realtime $(CSV)
	$(RUN) python -m bench.batch $(CSV)
	$(RUN) --extra spark python -m bench.engines $(CSV)

screenshots: setup ## The pictures in docs/images, from a real UI; needs a Chromium on the PATH
	$(RUN) --group browser python -m docs.screenshots
	$(RUN) --group browser python -m docs.screenshots_customer
	$(RUN) --group browser python -m docs.screenshots_report

lint: setup ## ruff, pyright and cfn-lint
	$(RUN) ruff check && $(RUN) ruff format --check && $(RUN) --all-groups pyright && $(RUN) cfn-lint --regions eu-west-2 -- infra/template.yaml infra/dagster/template.yaml

zip: setup ## The Lambda zip for arm64, into dist/
	$(RUN) ecom zip dist/lambda.zip

deploy: ## Deploy infra/ to AWS; STAGE=staging or production
	@command -v sam > /dev/null || { echo "make deploy needs the AWS SAM CLI: put sam on the PATH (https://docs.aws.amazon.com/serverless-application-model/)"; exit 2; }
	@test -f infra/parameters/$(STAGE).json || { echo "make deploy needs STAGE: the name of a file in infra/parameters/"; exit 2; }
	$(MAKE) zip
	sam deploy --template-file infra/template.yaml --stack-name ecom-$(STAGE) --resolve-s3 \
	  --capabilities CAPABILITY_IAM CAPABILITY_AUTO_EXPAND --no-fail-on-empty-changeset \
	  --parameter-overrides $$($(OVERRIDES) infra/parameters/$(STAGE).json)

deploy-dagster: ## Deploy infra/dagster/ to AWS; STAGE=, IMAGE=, VPC=, SUBNETS=a,b,c
	@command -v sam > /dev/null || { echo "make deploy-dagster needs the AWS SAM CLI: put sam on the PATH (https://docs.aws.amazon.com/serverless-application-model/)"; exit 2; }
	@test -f infra/dagster/parameters/$(STAGE).json || { echo "make deploy-dagster needs STAGE: the name of a file in infra/dagster/parameters/"; exit 2; }
	sam deploy --template-file infra/dagster/template.yaml --stack-name ecom-dagster-$(STAGE) --resolve-s3 \
	  --capabilities CAPABILITY_IAM --no-fail-on-empty-changeset \
	  --parameter-overrides $$($(OVERRIDES) infra/dagster/parameters/$(STAGE).json) \
	  $$(aws cloudformation describe-stacks --stack-name ecom-$(STAGE) --output text --query $(SHARED)) \
	  Image=$(IMAGE) Vpc=$(VPC) Subnets=$(SUBNETS) $(if $(SPARK_IMAGE),SparkImage=$(SPARK_IMAGE))

clean: ## Stop the local AWS and delete its data
	-$(RUN) ecom local down
	rm -rf .local

$(VENV)/installed: pyproject.toml uv.lock
	test -x $(VENV)/bin/python || $(PYTHON) -m venv $(VENV)
	test -x $(UV) || $(VENV)/bin/python -m ensurepip > $(VENV)/ensurepip.log
	test -x $(UV) || $(VENV)/bin/python -m pip install --quiet --disable-pip-version-check uv
	$(UV) sync --frozen --quiet
	touch $@

# Targets that people use. Everything that takes long is a script of its own, so that it can be run and read alone.
CONFIGURATION ?= Release
ARTIFACTS := $(CURDIR)/artifacts

.PHONY: help build test demo demo-down bench conformance generate lint publish tools clean

help: ## What can be made
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 14

build: ## Build everything (warnings are errors)
	dotnet build Operator.sln -c $(CONFIGURATION) --nologo -v quiet

tools: ## Install and build what a local cluster needs: API server, etcd, libvirt, guest image
	tests/local-cluster tools

test: tools build ## Set up and run all tests; the last line is "N passed, N failed"
	tests/run-all

demo: tools build ## Boot two servers on an embedded local cluster
	tests/local-cluster demo

demo-down: ## Remove the local cluster and everything on it
	tests/local-cluster down

bench: tools build ## Measure, and print ratios against something measured in the same run
	tests/bench

conformance: ## Compare with Nova's answers: KIND=schedule|numa|placement FILE=vectors.jsonl[.gz] [OUT=answers.jsonl]
	dotnet run --project tests/conformance -c $(CONFIGURATION) -- $(KIND) $(FILE) $(OUT)

generate: ## Write crds/manifests and the generated pages of docs/
	dotnet run --project crds/generator -c $(CONFIGURATION)

lint: ## Formatting, analysers, shell scripts
	dotnet format Operator.sln --verify-no-changes --no-restore
	bash -n tests/run-all tests/local-cluster tests/bench tests/*/*.sh tests/*/*/*.sh tests/*/run

publish: ## Programs to ship, in artifacts/publish
	dotnet publish operator -c $(CONFIGURATION) --nologo -v quiet -o $(ARTIFACTS)/publish/operator
	dotnet publish node-agent -c $(CONFIGURATION) --nologo -v quiet -o $(ARTIFACTS)/publish/node-agent
	dotnet publish cli -c $(CONFIGURATION) --nologo -v quiet -o $(ARTIFACTS)/publish/cli

clean: ## Remove what was built here (caches under ~/.cache/kilonova stay)
	rm -rf $(ARTIFACTS)

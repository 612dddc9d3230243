# The few commands people type. Each sets the machine up first; that ends at once where nothing is missing.
.DELETE_ON_ERROR:
.DEFAULT_GOAL := build

JOBS ?= $(shell nproc)
PREFIX ?= /usr/local
# The long runs: each is a script of its name in tools/.
RUNS := $(notdir $(wildcard tools/bench tools/sim tools/torture tools/coverage))

.PHONY: build
build: ## the optimised binary, build/kkachi
	@tools/setup run
	@cmake --preset release >/dev/null
	@cmake --build build/release -j $(JOBS)
	@ln -sf release/kkachi build/kkachi

.PHONY: demo
demo: build ## the whole way once, with the mock site: crawl, change, crawl again
	@build/kkachi demo $(ARGS)

.PHONY: test
test: ## every test and every check
	@tools/setup test
	@tools/test $(ARGS)

.PHONY: check
check: ## the checks alone: layout, includes, clang-tidy
	@tools/setup test
	@tools/test checks tidy

.PHONY: $(RUNS)
$(RUNS): ## what their names say; arguments as ARGS='…'
	@tools/setup test
	@tools/$@ $(ARGS)

.PHONY: format
format: ## lays out every C file
	@tools/setup test
	@find src sandbox tests tools $(wildcard bench) -name '*.[ch]' -exec clang-format-19 -i {} +

.PHONY: docs
docs: build ## prints the pages and rules that come from the program's own tables
	@build/kkachi help --write docs
	@build/kkachi alert rules >deploy/prometheus/kkachi.rules.yml

.PHONY: install
install: build ## into PREFIX (/usr/local), under DESTDIR
	@cmake --install build/release --prefix $(PREFIX)

.PHONY: clean
clean:
	rm -rf build

.PHONY: help
help:
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/  make \1|\2/p' Makefile | column -t -s '|'
	@for run in $(RUNS); do echo "  make $$run"; done

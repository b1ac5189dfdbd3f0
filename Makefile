# The targets are a script runner: `make help` lists them.

GO ?= go

.PHONY: help build test short

help: ## list the targets
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/\1\t\2/p' $(MAKEFILE_LIST) | expand -t 14

build: ## build ./rustysd-compile
	CGO_ENABLED=0 $(GO) build -trimpath -o rustysd-compile ./cmd/rustysd-compile

test: ## vet and run every test, as root the ones that need it too
	$(GO) vet ./...
	$(GO) test ./...

short: ## the tests without the slow ones
	$(GO) vet ./...
	$(GO) test -short ./...

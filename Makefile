# The targets are a script runner: `make help` lists them.

GO ?= go

.PHONY: help build test short race fuzz lint golden run image docker test-real bench

help: ## list the targets
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/\1\t\2/p' $(MAKEFILE_LIST) | expand -t 14

build: ## build ./rustysd-compile
	CGO_ENABLED=0 $(GO) build -trimpath -o rustysd-compile ./cmd/rustysd-compile

# Never out of the cache: go does not see that a script builds the runtime.
test: ## vet and run every test, as root the ones that need it too
	$(GO) vet ./...
	$(GO) test -count=1 -timeout 40m $(TESTFLAGS) ./...

short: ## the tests without the slow ones
	$(GO) vet ./...
	$(GO) test -short ./...

race: ## the runtime's tests, and an init, with the race detector (root, gcc)
	CGO_ENABLED=1 $(GO) test -race ./runtime/...
	$(GO) test -count=1 -run 'TestRaces$$' ./testscripts

FUZZTIME ?= 20s

fuzz: ## run each fuzz target for FUZZTIME (20s)
	$(GO) run ./testscripts/internal/fuzz -time $(FUZZTIME)

lint: ## gofmt, vet, and staticcheck where it is installed
	@test -z "$$(gofmt -s -l . | tee /dev/stderr)"
	$(GO) vet ./...
	@if command -v staticcheck >/dev/null; then set -x; staticcheck ./...; else echo "staticcheck is not installed: skipped"; fi

golden: ## write the golden files and reference pages anew: look at the difference before a commit
	$(GO) test ./gen -run Golden -update
	$(GO) test ./compiler/report -run 'Page|Pictures' -update

# The demo's file system, which is all that its image holds.
IMAGE ?= bin/image

image: build ## build the demo's file system with its init: bin/image
	rm -rf $(IMAGE)
	mkdir -p $(IMAGE)/bin
	CGO_ENABLED=0 $(GO) build -trimpath -ldflags '-s -w -buildid=' -o $(IMAGE)/bin/testservice ./cmd/testservice
	ln -s testservice $(IMAGE)/bin/testserviceclient
	./rustysd-compile --root $(IMAGE) units -o $(IMAGE)/init

run: image ## boot the demo here, without root: it ends when the client has ended
	./rustysd-compile run --root $(IMAGE) --main testserviceclient.service units

docker: image ## build the demo's image with docker or podman; see Dockerfile
	@if docker info >/dev/null 2>&1; then set -x; docker build --tag rustysd-demo --build-context build=bin .; \
	elif command -v podman >/dev/null; then set -x; podman build --isolation=chroot --tag rustysd-demo --build-context build=bin .; \
	else echo "make docker: neither a docker engine nor podman is here" >&2; exit 1; fi

test-real: ## install daemons from Debian, boot their unit files, ask each its client (root)
	./testscripts/real/install.sh
	RUSTYSD_REAL=1 $(GO) test -count=1 -v ./testscripts/real

bench: build ## measure against the C yardstick; prints the README's table
	$(GO) run ./cmd/rustysd-bench -compiler ./rustysd-compile

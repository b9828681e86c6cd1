# Poolwise. `make run` shows it, `make test` proves it, `make bench` measures it.

export CGO_ENABLED = 0
GO ?= go
STATICCHECK = honnef.co/go/tools/cmd/staticcheck@v0.8.2

ADDR ?= 127.0.0.1:8080
PEOPLE ?= 1000000
TOWN ?= data-town
FUZZ ?= 100000x

.PHONY: build run stop test race lint fuzz faults bench profile clean help

help: ## list what can be made
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 12

build: ## both programs, into bin/
	@mkdir -p bin
	$(GO) build -trimpath -o bin/poolwise ./cmd/poolwise
	$(GO) build -trimpath -o bin/loadtest ./cmd/loadtest

run: build ## start a server on a fresh store, replay a small town's day, leave the server up
	@loadtest/town.sh $(ADDR) $(TOWN)

stop: ## stop the server that `make run` left up
	@test -f $(TOWN)/pid && kill $$(cat $(TOWN)/pid) && rm $(TOWN)/pid && echo "stopped"

test: ## every test
	$(GO) test -pgo=off ./...

race: ## the tests that race readers against the writer, under the race detector
	CGO_ENABLED=1 $(GO) test -pgo=off -race -short ./...

lint: ## formatting, vet, staticcheck
	@test -z "$$(gofmt -l .)" || { gofmt -l .; echo "make lint: these files are not gofmt-ed"; exit 1; }
	GOFLAGS=-pgo=off $(GO) vet ./...
	GOFLAGS=-pgo=off $(GO) run $(STATICCHECK) -tags lint ./...

fuzz: ## a hundred thousand inputs on every fuzz target; FUZZ=10m for ten minutes each
	@for f in $$(grep -rhoE '^func Fuzz[A-Za-z]+' --include='*_test.go' api ingest engine storage | sed 's/func //' | sort -u); do \
	  p=$$(dirname $$(grep -rlE "^func $$f\b" --include='*_test.go' api ingest engine storage | head -1)); \
	  $(GO) test ./$$p -run XXX -fuzz "^$$f$$" -fuzztime $(FUZZ) -fuzzminimizetime 1x || exit 1; done

faults: build ## a city's day with the server killed on the way, in both orders
	./bin/loadtest day --server bin/poolwise --people 200000 --seed 7 --order site --kills 3
	./bin/loadtest day --server bin/poolwise --people 200000 --seed 8 --order random --kills 3

bench: build ## about a minute: server CPU an item, wall rates, yardsticks of the same run
	./bin/loadtest bench --server bin/poolwise --people $(PEOPLE)

profile: build ## record cmd/poolwise/default.pgo again, by which the server is compiled (10 % less CPU)
	loadtest/profile.sh

clean: ## remove what was built and the store of `make run`
	rm -rf bin $(TOWN)

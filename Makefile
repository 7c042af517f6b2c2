.PHONY: help demo test test-pg test-browser test-all race lint generate bench
help: ; @sed -n '/^help/!s/^\([a-z-]*\): ;.*## /make \1	/p' $(MAKEFILE_LIST)
demo: ; go run ./cmd/doorstep demo ## a brand with fake phones and a clock that can be moved
# Tests mostly wait (for the clock, the queue, a lock), so that four packages at once suit also two cores. Built as a release
# is, which also links a dozen test programs sooner.
test: ; CGO_ENABLED=0 DOORSTEP_TEST_ENGINES=sqlite go test -p 4 -tags disable_grpc_modules ./... ## on SQLite, no browser, without the long walks
test-pg: ; DOORSTEP_TEST_REQUIRE_POSTGRES=1 go test ./... ## on SQLite and PostgreSQL, without the long walks
test-browser: ; DOORSTEP_TEST_REQUIRE_BROWSER=1 go test -timeout 20m ./cmd/doorstep/stories/console ## the stories of the pages, in Chromium (needs DOORSTEP_AXE)
test-all: ; DOORSTEP_TEST_REQUIRE_POSTGRES=1 DOORSTEP_TEST_REQUIRE_BROWSER=1 DOORSTEP_TEST_LONG=1 go test -timeout 30m ./... ## everything, as the gate does, without the race detector
race: ; DOORSTEP_TEST_REQUIRE_POSTGRES=1 DOORSTEP_TEST_LONG=1 go test -race -timeout 45m ./... ## the same with the race detector (needs a C compiler)
lint: ; test -z "$$(gofmt -l .)" && go vet ./... && go run github.com/golangci/golangci-lint/v2/cmd/golangci-lint@v2.15.0 run ./... ## format, vet, golangci-lint
generate: ; go generate ./... && go test ./domain -run Diagrams -update ## what is made of the contract and the code
bench: ; go test -run '^$$' -bench . ./... ## benchmarks of the parts; of a whole server see BENCHMARKS.md

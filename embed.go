// Package doorstep holds the contract, so that every part of the program reads
// the same bytes that clients read at /openapi.yaml.
package doorstep

import _ "embed"

// OpenAPI is the contract as it is served.
//
//go:embed openapi.yaml
var OpenAPI []byte

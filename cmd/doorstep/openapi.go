package main

import (
	"doorstep"
)

type openapiCmd struct{}

func (openapiCmd) Run(e *environment) error {
	_, err := e.stdout.Write(doorstep.OpenAPI)
	return err
}

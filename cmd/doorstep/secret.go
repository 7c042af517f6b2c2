package main

import (
	"crypto/rand"
	"encoding/hex"
	"fmt"
)

type secretCmd struct{}

// Run prints 256 random bits.
func (secretCmd) Run(e *environment) error {
	_, err := fmt.Fprintln(e.stdout, randomHex(make([]byte, 32)))
	return err
}

func randomHex(b []byte) string {
	_, _ = rand.Read(b) // never fails: crypto/rand ends the program instead
	return hex.EncodeToString(b)
}

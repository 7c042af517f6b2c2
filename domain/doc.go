// Package domain is the product's words: its nouns, the lifecycles as tables, its
// errors and the ports to storage. It imports the standard library and
// google/uuid only and holds no use case: those stand in the rooms below it, by
// subject (usecases lists them), and the pure rules in small packages of plain
// types. A stranger begins with lifecycle.go and moves.go (what may happen),
// apply.go (the only writer of a state), store.go (the ports), codes.go (every
// error).
package domain

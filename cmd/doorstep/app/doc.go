// Package app wires the server; nothing else knows everyone.
//
//   - config.go: what flags and variables say of storage, secrets and limits
//   - store.go: opening a database, and one line that says why it cannot be
//   - wire.go: [New] makes a [Server] over an open database
//   - run.go: its clocks, its stop, [Server.Serve]
//   - health.go, unheard_sos.go: what a replica reports of itself
//   - gc.go: when memory is collected and given back
package app

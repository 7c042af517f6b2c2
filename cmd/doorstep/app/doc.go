// Package app wires the server; nothing else knows everyone.
//
//	config.go       what flags and variables say of storage, secrets and limits
//	gc.go           when memory is collected and given back
//	health.go       what a replica reports of itself
//	run.go          the server's clocks, its stop, Serve
//	store.go        opening a database, and one line that says why it cannot be
//	unheard_sos.go  metrics of alarms that nobody was told of
//	wire.go         New makes a Server over an open database
package app

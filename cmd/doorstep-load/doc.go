// Command doorstep-load drives a running server as a fleet of phones and
// prints what it measured; compare sets it beside plain drivers writing the
// same rows.
//
//	bare.go     bare: a server that only writes what it is told
//	batch.go    batch: a phone's queue in one request and one by one
//	compare.go  compare: the server beside a bare one and plain drivers
//	cpu.go      processor time of processes
//	drain.go    drain: a backlog of pushes; cold: a start until the first answer
//	fleet.go    phones as clients, and work driven by them
//	history.go  history: the same requests with years of visits behind them
//	main.go     the commands
//	phones.go   phones: a region that comes back after an outage
//	plain.go    the rows of a request, written with plain drivers
//	plan.go     plan: the planner on instances of the literature
//	server.go   a server under load, and the data it works on
package main

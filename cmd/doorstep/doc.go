// Command doorstep is the server and its tools: one command a file, wired by
// package app.
//
//	demo.go       demo: a whole brand with fake phones and a clock
//	heads.go      heads: signed heads of all timelines
//	import.go     import: sends a table of jobs to a running server
//	main.go       the commands, and how errors become exit codes
//	migrate.go    migrate: up and status
//	openapi.go    openapi: prints the contract
//	phone.go      phone: a simulated phone with a bad network
//	secret.go     secret: prints a fresh one
//	serve.go      serve: the real server, its flags
//	user.go       user create
//	variables.go  variables that no flag reads
//	verify.go     verify: all chains, or one evidence pack
//	version.go    version, commit and schema
//	windows.go    flags of arrival windows
package main

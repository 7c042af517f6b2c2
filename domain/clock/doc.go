// Package clock is what is due, and who carries it out. It imports every room;
// none imports it.
//
//	clock.go      the table of handlers, and what is carried out here
//	retention.go  what is forgotten, and when
//	service.go    the use cases
package clock

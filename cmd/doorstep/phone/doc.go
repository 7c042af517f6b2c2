// Package phone simulates a companion phone against any server, as docs/phone.md asks of one: it keeps a
// picture and a queue, loses what its network loses, and at the end compares what it did with what the server says.
//
//	compare.go  the phone's word against the server's: what was lost or done twice, what of a home stays
//	desk.go     households and visits for a server that has none
//	duty.go     why there is nothing to work: the technician is off duty
//	network.go  a network that loses, delays, lies and is cut
//	phone.go    the phone, what it keeps, and its whole day
//	picture.go  down: what a phone shows, and what it erases
//	queue.go    up: what was done without network
//	report.go   what an app would have seen
//	session.go  sign-in, refresh, device and credential
//	work.go     a technician's visits
package phone

// Package alarm is SOS and visit timers: raising, ringing, answering. What is not
// happening now is safety.
//
//	hooks.go        what follows the moves of others: timers
//	service.go      the use cases
//	drills.go       phones are tried before they are needed
//	home_safe.go    whoever asked for it is asked whether they came home
//	sos.go          raising, ringing up the ladder, answering, resolving
//	sos_calls.go    who answers by telephone proves to be human
//	sos_trail.go    where the phone of somebody in need is; "not OK" to a ping
//	sos_silent.go   alarms that their raiser's phone must not show
//	sos_unheard.go  an alarm that nobody hears says so
//	timer.go        a timer for each who is inside: asked, the desk asked, the alarm
package alarm

// Package decisions is what waits for one person: the manager's queue, the
// inbox, the list of the morning. Deciding itself is in the room of the thing.
//
//	facts.go        what a card says, as codes, with who it is about and the home
//	inbox.go        notices of one person
//	morning.go      the list of the morning
//	queue.go        what waits for a manager, by urgency, with its moves
//	service.go      the use cases
//	sosplace.go     where somebody who raised an alarm is
//	whereabouts.go  where somebody is whom a home reported
package decisions

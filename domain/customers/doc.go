// Package customers is what a household does by its link or a call, and what it
// is asked and told there. What staff decide of it (a dispute, thanks, a completion) stands beside it.
//
//	compliments.go        thanks, and to whom they go
//	contact_promises.go   "call me" and "I could not reach you"
//	customer_requests.go  how a wish is carried out, by link or by voice
//	disputes.go           "that is not so", and who decides
//	done_checks.go        asking a household whether it is done
//	door_words.go         somebody at its door did not know the word
//	hooks.go              every wish of a household by its name; what follows the moves of others
//	job_history.go        what every new voice reads first, and corrections of it
//	link_requests.go      what was asked by a link that staff had read
//	links.go              the link, its page and its forms
//	maintenance_stop.go   a household stops visits that come again
//	photos.go             a household has photos of its home removed
//	service.go            the use cases
//	slothold.go           a window kept for a household
package customers

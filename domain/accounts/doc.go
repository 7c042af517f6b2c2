// Package accounts is people: their sign-in, hours, skills, leave and devices, and
// the areas, centres and policies that they work under.
//
//	device_lost.go what ends with a lost device, and the list of one's own
//	devices.go     devices that pushes go to
//	device_credential.go what a phone calls for help with after its session
//	device_health.go whether they ring, and who is told that they do not
//	hours.go       weekly hours, exceptions, rosters, quiet hours
//	invitation.go  codes that set a password, and who is told of them
//	leave.go       leave, asked for and approved
//	policy.go      policies of reachability
//	sealed_requests.go what a lost device told that is about no visit
//	security_log.go resets, reuse of tokens, exports and links read, for admins
//	service.go     the use cases
//	signin.go      sessions
//	skill.go       skills and their levels
//	staff.go       areas, centres, users
//	throttle.go    failed tries of a sign-in
//	tries.go       failed tries, as far as this replica knows
package accounts

// Package harness is what stories are told with: the whole app on a temporary
// database, a clock that the story moves, and fake phones. A story fails on
// each push that it neither expects nor ignores by its kind.
//
//   - harness.go: [Harness], its pushes and its clock; [OnEachEngine] runs a story on every engine
//   - typed.go: the operations that most stories use, with bodies and answers of package bodies
//   - situations.go: what many stories begin with
//   - customer_page.go: the page of a household
//   - answers.go: reading what was answered
//   - operator_log.go: what the operator reads
package harness

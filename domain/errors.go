package domain

import (
	"errors"
	"fmt"
	"sort"
	"time"
)

// Kind is the family of an Error. The API maps each kind to one HTTP status
// in one place (api/web/problem.go).
type Kind int

// The kinds, in the order in which the API checks them.
const (
	KindMalformed            Kind = iota + 1 // malformed request: 400
	KindUnauthenticated                      // nobody, or somebody no longer: 401
	KindForbidden                            // readable, but not this role's move: 403
	KindNotFound                             // absent or outside the caller's scope: 404
	KindConflict                             // state, hold, overlap, exclusion, idempotency: 409
	KindPrecondition                         // If-Match names another version: 412
	KindDependency                           // a request of a batch that depends on one that is not done: 424
	KindGone                                 // what it names is not kept any more: 410
	KindTooLarge                             // body beyond the limit: 413
	KindMedia                                // another media type than the operation takes: 415
	KindUnprocessable                        // well formed, but it means nothing we can do: 422
	KindPreconditionRequired                 // PATCH without If-Match: 428
	KindThrottled                            // too many tries: 429
	KindUnavailable                          // a dependency is gone for the moment: 503
	KindMethod                               // the address exists, the method does not: 405
	KindInternal                             // a defect: 500
)

// FieldError points at one offending value by JSON pointer (RFC 6901).
type FieldError struct {
	Pointer string `json:"pointer"`
	Detail  string `json:"detail"`
}

// Error is the only error that leaves a use case on purpose; everything else
// is a defect and becomes a 500 with fixed text.
type Error struct {
	Kind       Kind
	Code       Code
	Message    string
	Fields     []FieldError
	RetryAfter time.Duration  // for throttled and unavailable
	Quota      *Quota         // that was used up, where one was
	Extra      map[string]any // further members of the problem document, e.g. the hold that refused
	cause      error
}

// Quota is a limit of so many in a time.
type Quota struct {
	Name   string
	Most   int
	Window time.Duration
}

// Error gives the sentence for people.
func (e *Error) Error() string {
	if e.cause != nil {
		return e.Message + ": " + e.cause.Error()
	}
	return e.Message
}

// Unwrap gives the cause, which is logged and never shown.
func (e *Error) Unwrap() error { return e.cause }

// Because attaches the cause for the log.
func (e *Error) Because(err error) *Error { e.cause = err; return e }

// At adds a pointer to the offending value.
func (e *Error) At(pointer, detail string) *Error {
	e.Fields = append(e.Fields, FieldError{pointer, detail})
	return e
}

// With adds a member to the problem document.
func (e *Error) With(name string, value any) *Error {
	if e.Extra == nil {
		e.Extra = map[string]any{}
	}
	e.Extra[name] = value
	return e
}

// Code names one way of failing; each has a page at /problems/{code}.
type Code string

// CodeInfo is what the page of a code says. A test walks all codes and
// demands an entry here and in openapi.yaml.
type CodeInfo struct {
	Code    Code
	Kind    Kind
	Title   string // short and the same at each occurrence (RFC 9457 section 3.1.3)
	Cause   string // what happened
	Remedy  string // what to do
	Example string // a detail as it is sent
}

var codes = map[Code]CodeInfo{}

func code(c Code, k Kind, title, cause, remedy, example string) Code {
	if _, dup := codes[c]; dup {
		panic("domain: code declared twice: " + string(c))
	}
	codes[c] = CodeInfo{c, k, title, cause, remedy, example}
	return c
}

// Codes lists every declared code, by name.
func Codes() []CodeInfo {
	out := make([]CodeInfo, 0, len(codes))
	for _, c := range codes {
		out = append(out, c)
	}
	sort.Slice(out, func(i, j int) bool { return out[i].Code < out[j].Code })
	return out
}

// Lookup gives the page of one code.
func (c Code) Lookup() (CodeInfo, bool) { i, ok := codes[c]; return i, ok }

// Fail makes an error of a declared code with a sentence for this occurrence.
func Fail(c Code, format string, args ...any) *Error {
	info, ok := codes[c]
	if !ok {
		panic("domain: undeclared code " + string(c))
	}
	return &Error{Kind: info.Kind, Code: c, Message: fmt.Sprintf(format, args...)}
}

// IDTaken refuses an id that a client chose and that something else has: the same words for what is theirs and for what is
// outside their scope, so that they tell nothing of it.
func IDTaken() *Error { return Fail(CodeDuplicate, "Another object has this id.") }

// IsCode reports whether err carries the code.
func IsCode(err error, c Code) bool {
	var e *Error
	return errors.As(err, &e) && e.Code == c
}

// NotFound is the one answer for absent, foreign and hidden things alike, so
// that nobody learns which it was (docs/product.md section 2).
func NotFound(what string) *Error {
	return Fail(CodeNotFound, "There is no such %s, or it is outside what you may see.", what)
}

// Package web is the plumbing of HTTP, which knows no resource: one server,
// requests held against openapi.yaml, strict JSON, problems (RFC 9457), limits.
// docs.html and docs.css are the page of reference.go.
//
//	answers.go          sending JSON: one thing, or a page of a list
//	batch.go            the requests of a batch, answered as if each had come by itself
//	body.go             reading bodies as they arrive, within what memory there is
//	client_ip.go        who asks, past proxies of our own only
//	compressed.go       answers that travel compressed
//	contract.go         openapi.yaml, ready to judge requests and answers
//	deprecation.go      who uses what goes away, and that it does
//	cookies.go          the cookies of a browser's session
//	decode.go           a body into a struct: strictly, or as far as it goes
//	etag.go             entity tags of content
//	formats.go          the string formats of the contract
//	forms.go            urlencoded forms of pages
//	headers.go          Idempotency-Key, If-Match and the rest; ids and limits from the address
//	html.go             sending the pages of this package; JSON or HTML
//	http_syntax.go      what fasthttp lets through of HTTP/1.1, refused
//	lingering_close.go  closing so that the last answer still arrives
//	listener.go         accepting connections, bounded for each address
//	password.go         argon2id hashes of passwords
//	problem.go          kind to status: a failure as it is sent
//	problem_pages.go    what each code means, at /problems
//	rate.go             limits on requests, by user and by address
//	reference.go        /docs, made from the contract
//	schema_problems.go  the contract's complaints, in words
//	server.go           the Server: its routes, what surrounds every request, its end
//	strict_json.go      JSON that has one meaning only, and where it has not
//	tokens.go           access tokens: made and verified
package web

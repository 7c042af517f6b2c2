// Package api turns requests into calls of use cases and their answers into
// JSON, problems and pages. It decides nothing about the product.
//
// A resource is a file, with its requests, handlers and answers. What they
// share:
//
//   - app.go: [App] and its routes
//   - principals.go: who is signed in
//   - handlers.go: the forms that most handlers have (create, get, patch, list,
//     a move by id)
//   - static.go: pages of staff and their scripts
//
// Plumbing that knows no resource is in web, tables are in sheet, templates and
// scripts in pages.
package api

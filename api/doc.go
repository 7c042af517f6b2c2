// Package api is the HTTP side of Doorstep: it turns requests into calls of
// use cases and their answers into JSON, problems and pages. It decides
// nothing about the product.
package api

// Package persons is the Persons Backend API: the dialect of the registry for
// external systems that hold an organisation's Persons key.
//
// It owns paths, wire shapes and the translation of refusals, and no rule: what
// a request means is the business of package registry. routes.go is the list of
// all routes.
//
// Every route takes its path with and without the trailing slash and never
// redirects. Bodies are JSON whatever their content type says; an unknown
// member is refused by name, a duplicate one makes the body invalid. The key is
// the member api_key of the body or the header X-API-Key.
package persons

// Package metrics counts what the process does and shows it in Prometheus'
// text format.
//
// It owns the names of the request metrics and a registry of its own, so that
// two servers in one process do not disturb each other. It does not know what
// else is worth reading: whoever assembles the process passes readings in.
// Labels are route patterns, methods, status codes and words of the program;
// nothing personal and no identifier ever becomes one.
package metrics

package main

import (
	"fmt"
	"slices"
)

// contestant is a peer that takes part, or the reason why it does not.
type contestant struct {
	peerKind
	peer    *peer
	missing string
	agrees  string
}

// agreeing is the number of probes on which the peers' lists are compared.
const agreeing = 8

// startPeers starts every peer there is and returns how to stop them. The first
// one scans the float32 rows plainly; the others' lists are compared with its.
func startPeers(cache string, data dataset) ([]*contestant, func()) {
	var all []*contestant
	var right []uint64
	for _, k := range peerKinds() {
		c := &contestant{peerKind: k}
		all = append(all, c)
		if err := c.start(cache, data); err != nil {
			c.missing = err.Error()
			continue
		}
		found, err := c.peer.answer(turn{Threads: 1, Calls: agreeing, Batch: 1})
		if err != nil {
			c.missing = err.Error()
			continue
		}
		if right == nil {
			right = found.IDs
		}
		c.agrees = fmt.Sprintf("; %.1f%% of the float32 loop's lists", 100*shared(found.IDs, right))
	}
	return all, func() {
		for _, c := range all {
			if c.peer != nil {
				_ = c.peer.stop()
			}
		}
	}
}

func (c *contestant) start(cache string, data dataset) error {
	command, err := c.command(cache)
	if err != nil {
		return err
	}
	c.peer, err = startPeer(data, c.kind, command[0], command[1:]...)
	return err
}

// shared is the part of ids that two answers to the same probes have in common.
func shared(got, want []uint64) float64 {
	n := 0
	for at := 0; at+most <= min(len(got), len(want)); at += most {
		for _, id := range want[at:][:most] {
			if slices.Contains(got[at:][:most], id) {
				n++
			}
		}
	}
	return float64(n) / float64(max(1, len(want)))
}

// variants are the peer's lines in the table of so many threads.
func (c *contestant) variants(threads int) []*variant {
	var all []*variant
	for _, batch := range c.batches {
		name := c.name
		if batch > 1 {
			name += fmt.Sprintf(", batch %d", batch)
		} else {
			batch = threads
		}
		if c.missing != "" {
			all = append(all, &variant{name: name, missing: c.missing})
			continue
		}
		all = append(all, c.peer.variant(name, c.peer.hello.Note+c.agrees, threads, batch))
	}
	return all
}

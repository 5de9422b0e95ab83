//go:build unix && race

package picture

const unlimited = ^uint64(0)

// workerAddressSpace is open under the race detector, whose shadow memory
// alone takes terabytes of addresses.
const workerAddressSpace = unlimited

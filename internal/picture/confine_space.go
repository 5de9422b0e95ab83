//go:build unix && !race

package picture

const unlimited = ^uint64(0)

// workerAddressSpace leaves room for the runtime's reservations (about 1.5
// GiB), the largest allowed picture in the sandbox and its copy outside.
const workerAddressSpace = 4 << 30

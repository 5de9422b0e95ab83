//go:build !amd64 && !arm64

package match

func kernels() []kernel { return []kernel{portable()} }

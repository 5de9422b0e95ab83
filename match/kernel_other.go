//go:build !amd64

package match

func kernels() []kernel { return []kernel{portable()} }

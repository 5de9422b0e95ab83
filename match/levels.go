package match

import "os"

// LevelVariable names the environment variable that chooses the kernel of new
// galleries by its name. Without it, or where the machine lacks that kernel, the
// best one is used.
const LevelVariable = "IDEM_MATCH"

// Level is a kernel, one implementation of the search, that the processor has.
type Level struct {
	Kernel string // amx, avx512, avx2, neondot, neon or go
	// Chosen says that new galleries use it; one of the Levels is.
	Chosen bool
	// Refused is why the system does not let the kernel run, nil if it does.
	Refused error
}

// Levels lists the kernels of this processor, the best first. The last one, go,
// is on every machine and never refused.
func Levels() []Level { return levels(kernels(), os.Getenv(LevelVariable)) }

func levels(all []kernel, wanted string) (list []Level) {
	chosen := chooseKernel(all, wanted).name
	for _, k := range all {
		list = append(list, Level{Kernel: k.name, Chosen: k.name == chosen, Refused: k.refused})
	}
	return list
}

// chooseKernel returns the wanted kernel, or else the best, of those that the
// system does not refuse.
func chooseKernel(all []kernel, wanted string) kernel {
	may := usable(all)
	for _, k := range may {
		if k.name == wanted {
			return k
		}
	}
	return may[0]
}

func usable(all []kernel) (may []kernel) {
	for _, k := range all {
		if k.refused == nil {
			may = append(may, k)
		}
	}
	return may
}

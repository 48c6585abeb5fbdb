// Verifies a C2SP tlog-proof in the browser: c2sp.org/tlog-proof@v1, signed-note, tlog-checkpoint; RFC 9162, 2.1.3.2.
// Nothing is taken on trust but the public key that stands in the field.
const chinese = document.documentElement.dataset.language === "zh";
const say = (en, zh) => (chinese ? zh : en);
const HEADER = "c2sp.org/tlog-proof@v1";
const ED25519 = 1; // signature type of signed notes
const encoder = new TextEncoder();

class Fault extends Error {}

function decode(text) {
  if (!/^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/.test(text) || !text) throw new Fault(say("a line is no Base64", "有一行不是 Base64"));
  const bytes = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
  let again = "";
  for (const byte of bytes) again += String.fromCharCode(byte);
  if (btoa(again) !== text) throw new Fault(say("a line is Base64 in another form than the only one", "Base64 形式不规范"));
  return bytes;
}
function number(text) {
  if (!/^(?:0|[1-9][0-9]{0,18})$/.test(text)) throw new Fault(say("a number is malformed", "数字格式错误"));
  return BigInt(text);
}
const same = (one, two) => one.length === two.length && one.every((byte, at) => byte === two[at]);
const sha256 = async (...parts) => {
  const whole = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
  let at = 0;
  for (const part of parts) { whole.set(part, at); at += part.length; }
  return new Uint8Array(await crypto.subtle.digest("SHA-256", whole));
};

// name+hash+base64(type || key), as Go's `note` writes it
export async function parseKey(text) {
  const match = /^([^+\s]+)\+([0-9a-f]{8})\+(.+)$/.exec(text.trim());
  if (!match) throw new Fault(say("the public key is malformed", "公钥格式错误"));
  const material = decode(match[3]);
  if (material.length !== 33 || material[0] !== ED25519) throw new Fault(say("the public key is not Ed25519", "公钥不是 Ed25519"));
  const id = (await sha256(encoder.encode(`${match[1]}\n`), material)).slice(0, 4);
  const hex = [...id].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  if (hex !== match[2]) throw new Fault(say("the public key's id is not its own", "公钥标识与公钥不符"));
  return { name: match[1], id, key: material.slice(1) };
}

export function parseProof(text) {
  const cut = text.indexOf("\n\n");
  const lines = cut < 0 ? [] : text.slice(0, cut).split("\n");
  if (lines.shift() !== HEADER) throw new Fault(say("this is no tlog-proof", "不是 tlog-proof 文件"));
  if (!lines[0] || !lines[0].startsWith("extra ")) throw new Fault(say("the proof carries no entry", "证明中没有条目"));
  const entry = decode(lines.shift().slice("extra ".length));
  if (!lines[0] || !lines[0].startsWith("index ")) throw new Fault(say("the proof has no index", "证明中没有序号"));
  const index = number(lines.shift().slice("index ".length));
  const hashes = lines.map(decode);
  if (hashes.some((hash) => hash.length !== 32)) throw new Fault(say("a hash is not 32 bytes", "哈希不是 32 字节"));
  return { entry, index, hashes, note: text.slice(cut + 2) };
}

export function parseNote(text) {
  const cut = text.lastIndexOf("\n\n");
  if (cut < 0 || !text.endsWith("\n") || /[\x00-\x09\x0b-\x1f]/.test(text)) throw new Fault(say("the checkpoint is no signed note", "检查点不是签名笔记"));
  const body = text.slice(0, cut + 1);
  const lines = text.slice(cut + 2, -1).split("\n");
  if (lines.length > 100) throw new Fault(say("the note has too many signatures", "签名过多"));
  const signatures = lines.map((line) => {
    const match = /^— ([^+\s]+) (\S+)$/.exec(line);
    const value = match ? decode(match[2]) : [];
    if (!match || value.length < 5) throw new Fault(say("a signature line is malformed", "签名行格式错误"));
    return { name: match[1], id: value.slice(0, 4), value: value.slice(4) };
  });
  const head = body.split("\n");
  if (head.length !== 4 || !head[0] || head[3]) throw new Fault(say("the checkpoint is not origin, size and root", "检查点不是来源、大小与根"));
  const rootHash = decode(head[2]);
  if (rootHash.length !== 32) throw new Fault(say("the root is not 32 bytes", "根哈希不是 32 字节"));
  return { body, signatures, origin: head[0], size: number(head[1]), root: rootHash };
}

// RFC 9162, 2.1.3.2, step by step
export async function rootOf(leaf, index, size, hashes) {
  if (index >= size) throw new Fault(say("the index lies beyond the tree", "序号超出账本范围"));
  let fn = index, sn = size - 1n, r = leaf;
  for (const p of hashes) {
    if (sn === 0n) throw new Fault(say("the proof is too long", "证明过长"));
    if (fn % 2n === 1n || fn === sn) {
      r = await sha256([1], p, r);
      while (fn % 2n === 0n && fn !== 0n) { fn >>= 1n; sn >>= 1n; }
    } else {
      r = await sha256([1], r, p);
    }
    fn >>= 1n; sn >>= 1n;
  }
  if (sn !== 0n) throw new Fault(say("the proof is too short", "证明过短"));
  return r;
}

// true or false; null where this browser cannot do Ed25519
async function signedBy(key, note) {
  const mine = note.signatures.filter((line) => line.name === key.name && same(line.id, key.id));
  if (!mine.length) return false;
  let imported;
  try { imported = await crypto.subtle.importKey("raw", key.key, { name: "Ed25519" }, false, ["verify"]); }
  catch { return null; }
  for (const line of mine)
    if (!(await crypto.subtle.verify({ name: "Ed25519" }, imported, line.value, encoder.encode(note.body)))) return false;
  return true;
}

export async function verify(text, vkey, index, tell) {
  const proof = parseProof(text);
  tell(proof.index === BigInt(index), say(`the proof is about entry ${proof.index}`, `证明对应条目 ${proof.index}`));
  const note = parseNote(proof.note);
  const leaf = await sha256([0], proof.entry);
  const root = await rootOf(leaf, proof.index, note.size, proof.hashes);
  tell(same(root, note.root), say(`the entry's hash leads by ${proof.hashes.length} neighbours to the root of the tree of ${note.size} entries`, `条目哈希经 ${proof.hashes.length} 个相邻哈希推得 ${note.size} 条账本的根`));
  const key = await parseKey(vkey);
  tell(key.name === note.origin, say(`the key is the log's own: ${key.name}`, `公钥属于该日志：${key.name}`));
  const signed = await signedBy(key, note);
  tell(signed, signed === null ? say("the signature was NOT checked: this browser cannot verify Ed25519; download the proof and run `brightline ledger verify`", "未能核验签名：此浏览器不支持 Ed25519；请下载证明并运行 `brightline ledger verify`") : signed ? say("the log's Ed25519 signature on that root holds", "日志对该根的 Ed25519 签名有效") : say("the log's signature does not hold", "日志签名无效"));
}

const button = document.querySelector("[data-verify]");
if (button)
  button.addEventListener("click", async () => {
    const steps = document.querySelector("#steps");
    steps.replaceChildren();
    let worst = true;
    const show = (held, words) => {
      const row = document.createElement("li");
      row.className = held === null ? "unknown" : held ? "good" : "bad";
      row.textContent = words;
      steps.append(row);
    };
    const tell = (held, words) => { show(held, words); if (held === false) worst = false; else if (held === null && worst) worst = null; };
    try {
      if (!globalThis.crypto?.subtle) throw new Fault(say("this browser gives no cryptography to pages without TLS: download the proof", "未使用 TLS 的页面无法进行密码运算：请下载证明后核验"));
      const answer = await fetch(button.dataset.verify, { credentials: "same-origin" });
      if (!answer.ok) throw new Fault(say("the proof could not be had", "无法获取证明"));
      await verify(await answer.text(), document.querySelector("#key").value, button.dataset.index, tell);
      show(worst, worst === null ? say("verified as far as this browser can", "已在此浏览器能力范围内核验") : worst ? say("verified: the entry is in the log", "核验通过：条目确在账本中") : say("NOT verified", "核验未通过"));
    } catch (error) {
      tell(false, error instanceof Fault ? error.message : String(error));
    }
  });

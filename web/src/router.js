// The address after '#' names the page: "#/sellers/luxmaison". Nothing else of the address is ours.
import { useEffect, useState } from "preact/hooks";

function read() {
  const [path, search] = location.hash.replace(/^#\/?/, "").split("?");
  return { parts: path.split("/").filter(Boolean).map(decodeURIComponent), params: new URLSearchParams(search) };
}

export function useAddress() {
  const [address, setAddress] = useState(read);
  useEffect(() => {
    const look = () => setAddress(read());
    addEventListener("hashchange", look);
    return () => removeEventListener("hashchange", look);
  }, []);
  return address;
}

export const to = (...parts) => `#/${parts.map(encodeURIComponent).join("/")}`;

// Filters live in the address, so that a view can be sent to a colleague; changing one adds no step back.
export function setParams(values) {
  const { parts, params } = read();
  for (const [name, value] of Object.entries(values)) {
    if (value)
      params.set(name, value);
    else
      params.delete(name);
  }
  const text = params.toString();
  history.replaceState(null, "", to(...parts) + (text ? `?${text}` : ""));
  dispatchEvent(new HashChangeEvent("hashchange"));
}

// Few and plain: 16 by 16, one stroke.
const PATHS = {
  overview: "M2.5 8.5 8 3l5.5 5.5M4 7.5V13h8V7.5",
  sellers: "M2.5 6.5 4 3h8l1.5 3.5M3.5 7v6h9V7M2.5 6.5c0 1.8 2.7 1.8 2.7 0 0 1.8 2.8 1.8 2.8 0 0 1.8 2.8 1.8 2.8 0 0 1.8 2.7 1.8 2.7 0",
  changes: "M3 5.5h8.5L9 3M13 10.5H4.5L7 13",
  tasks: "M3 4l1 1 2-2M3 8.5l1 1 2-2M3 13l1 1 2-2M8.5 4H13M8.5 8.5H13M8.5 13H13",
  agents: "M5.5 6a2.5 2.5 0 1 0 5 0 2.5 2.5 0 0 0-5 0M3 13.5c.6-2.6 2.6-4 5-4s4.400 1.400 5 4",
  stats: "M3 13V8.500M6.400 13V3.500M9.700 13V6.500M13 13v-3",
  pause: "M5.500 3.500v9M10.500 3.500v9",
  play: "M5 3.500 12 8l-7 4.500z",
  warn: "M8 2.500 14 13H2zM8 6.500v3M8 11.200v.1",
  plus: "M8 3v10M3 8h10",
  edit: "M3 13l.7-3L10.500 3.200l2.300 2.300L6 12.300z",
  search: "M3 7a4 4 0 1 0 8 0 4 4 0 0 0-8 0M10 10l3.500 3.500",
  theme: "M8 2.500v11M2.500 8a5.500 5.500 0 1 0 11 0 5.500 5.500 0 0 0-11 0",
  out: "M9.500 3H3v10h6.500M7 8h6.500M11 5.500 13.500 8 11 10.500",
  back: "M9.500 3.500 5 8l4.500 4.500",
  retry: "M12.500 5.500A5 5 0 1 0 13 8M12.800 2.500v3h-3",
  clock: "M2.500 8a5.500 5.500 0 1 0 11 0 5.500 5.500 0 0 0-11 0M8 5v3.200l2 1.300",
  down: "M8 3v8M4.500 7.800 8 11.300l3.500-3.500M3 13.500h10",
  external: "M6.500 3.500H3v9.500h9.500V9.500M9 3h4v4M13 3 7.500 8.500",
};

export function Icon({ name }) {
  return (
    <svg class="icon" viewBox="0 0 16 16" width="16" height="16" aria-hidden="true">
      <path d={PATHS[name]} fill="none" stroke="currentColor" stroke-width="1.4" stroke-linecap="round" stroke-linejoin="round" />
    </svg>
  );
}

// The magpie: black, white, and the blue of its wing.
export function Bird() {
  return (
    <svg class="bird" viewBox="0 0 32 32" width="28" height="28" aria-hidden="true">
      <path class="bird-body" d="M4.500 11.800 8 8.500c2-1.900 5.500-1.700 7.200.6l2.600 3.400c3 .8 6.200 2.700 10.700 8.900-4-1.600-6.700-2-9.200-1.800-1.600 2.500-4 3.700-6.900 3.700-3.700 0-5.800-2.400-5.800-5.700 0-2 .5-3.400.9-4.900z" />
      <path class="bird-belly" d="M8.700 16.200c2.500 1.800 5.800 2.400 9.100 2.300-1.400 2-3.200 2.700-5.300 2.700-2.400 0-3.900-1.800-3.800-5z" />
      <path class="bird-wing" d="M14.500 11.600c4.600.7 8.400 3.500 12 8-4.900-2.200-8.600-2.400-11.700-3.900-1.800-.9-1.700-3-.3-4.100z" />
      <circle class="bird-eye" cx="11" cy="10.600" r=".9" />
    </svg>
  );
}

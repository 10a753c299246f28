// Where the phone is, if its holder agreed that this visit may know. A refusal is an answer like any other.

const PATIENCE = { enableHighAccuracy: true, timeout: 15000, maximumAge: 20000 };

export function fix() {
  if (!navigator.geolocation) return Promise.resolve(null);
  return new Promise((resolve) => {
    navigator.geolocation.getCurrentPosition(
      ({ coords }) => resolve({
        longitude: coords.longitude,
        latitude: coords.latitude,
        accuracy: Math.min(1000000, Math.ceil(coords.accuracy)),
      }),
      () => resolve(null),
      PATIENCE,
    );
  });
}

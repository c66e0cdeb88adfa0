import { Page } from "../../parts/page.tsx";
import { Empty } from "../../parts/empty.tsx";

export function Home() {
  return (
    <Page title="Home">
      <Empty title="Nothing needs you" />
    </Page>
  );
}

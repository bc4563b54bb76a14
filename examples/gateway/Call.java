import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;

/** Calls a method through `rpc gateway`: `java Call.java http://127.0.0.1:8080 "$TOKEN"`. */
public class Call {
    public static void main(String[] args) throws Exception {
        HttpRequest request = HttpRequest.newBuilder(URI.create(args[0] + "/call/fib"))
            .header("Authorization", "Bearer " + args[1])
            .header("Content-Type", "application/json")
            .header("Rpc-Timeout-Ms", "10000")
            .POST(HttpRequest.BodyPublishers.ofString("[20]"))
            .build();
        // Without TLS Java asks to go on in HTTP/2 beside each body, which the gateway does not take.
        HttpClient client = HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();
        HttpResponse<String> answer = client
            .send(request, HttpResponse.BodyHandlers.ofString());
        // What fails has another status, and says why as JSON.
        System.out.println(answer.statusCode() + " " + answer.body().trim());
    }
}
